from django.apps import AppConfig


class UserModels(AppConfig):
    name = "user_models"
    label = "MyShop"
    default_auto_field = "django.db.models.BigAutoField"
