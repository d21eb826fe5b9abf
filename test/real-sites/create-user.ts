/** For sites whose users are made as Django makes its own. */
export const CREATE_USER = `
from django.contrib.auth import get_user_model
def make_user(name):
    return get_user_model()._default_manager.create_user(username=name, email=f"user{abs(hash(name))}@example.com", password="a password 7")
`
