"""What this very Django signs, and takes as signed: asked one line at a time; no database.

    signing_judge.py '{"SECRET_KEY": …}'
        {"op": "sign_cookie", "name": …, "value": …, "salt": …}     → the cookie's value
        {"op": "unsign_cookie", "name": …, "signed": …, "salt": …}  → the value that was signed
        {"op": "sign" or "stamp", "value": …}                       → signed by Signer or TimestampSigner
        {"op": "unsign" or "unstamp", "signed": …}
        {"op": "dumps", "value": …, "compress": …} → text, {"op": "loads", "signed": …} → the value
"""

import json
import sys
import warnings

from django.conf import settings

warnings.filterwarnings("ignore")
settings.configure(**json.loads(sys.argv[1]))

from django.core import signing  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402


def sign_cookie(request):
    response = HttpResponse()
    response.set_signed_cookie(request["name"], request["value"], salt=request["salt"])
    return response.cookies[request["name"]].value


def unsign_cookie(request):
    asked = HttpRequest()
    asked.COOKIES[request["name"]] = request["signed"]
    return asked.get_signed_cookie(request["name"], salt=request["salt"], max_age=60)


OPERATIONS = {
    "sign_cookie": sign_cookie,
    "unsign_cookie": unsign_cookie,
    "sign": lambda request: signing.Signer().sign(request["value"]),
    "unsign": lambda request: signing.Signer().unsign(request["signed"]),
    "stamp": lambda request: signing.TimestampSigner().sign(request["value"]),
    "unstamp": lambda request: signing.TimestampSigner().unsign(request["signed"], max_age=60),
    "dumps": lambda request: signing.dumps(request["value"], compress=request["compress"]),
    "loads": lambda request: signing.loads(request["signed"], max_age=60),
}

for line in sys.stdin.buffer:
    request = json.loads(line)
    try:
        answer = {"ok": OPERATIONS[request["op"]](request)}
    except Exception as error:
        answer = {"error": type(error).__name__}
    print(json.dumps(answer), flush=True)
