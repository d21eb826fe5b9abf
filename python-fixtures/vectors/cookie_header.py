"""request.COOKIES of a real WSGIRequest, for headers as bytes."""

from io import BytesIO

from django.core.handlers.wsgi import WSGIRequest


def records():
    for header in dict.fromkeys(HEADERS):
        name = repr(header) if len(header) < 60 else f"{header[:40]!r} and more, {len(header)} bytes"
        yield {
            "name": f"parse_cookie {name[1:]}",
            "kind": "parse_cookie",
            "header_hex": header.hex(),
            "cookies": [[name, value] for name, value in cookies_of(header).items()],
        }


def cookies_of(header):
    """WSGI hands a header over as latin-1 text."""
    environ = {
        "REQUEST_METHOD": "GET",
        "wsgi.input": BytesIO(),
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "HTTP_COOKIE": header.decode("latin-1"),
    }
    return WSGIRequest(environ).COOKIES


HEADERS = [
    b"", b" ", b";", b";;", b" ; ; ", b"=", b"==", b"===", b"=;=", b"a", b"a=", b"=a", b"a=b", b"a=b;", b";a=b",
    b"a=b; c=d", b"a=b;c=d", b"a=b;  c=d",
    b"a=b ; c=d", b" a=b", b"a=b ", b"a =b", b"a= b", b" a = b ", b"a\t=\tb", b"\ta=b\t", b"a=b\r\n", b"a=b\x0b",
    b"a=b\x0c", b"\x1ca=b\x1d", b"\x1ea=b\x1f", b"a=\x00",
    b"a=b=c", b"a==b", b"a=b==", b"=a=b", b"a=b; a=c", b"a=b; a=c; a=d", b"a=c; b=1; a=d", b"a=b; a=", b"a=; a=b",
    b"a=b; a", b"a; b", b"a; b; c", b"a; =b", b"=a; b", b"a; a=b",
    b"a=b, c=d", b"a=b,c=d", b"a=b,", b",a=b", b"a=b&c=d", b"a=b\nc=d", b"a:b", b"a:b=c", b"a=b:c", b"A=1; a=2",
    b"a.b=c", b"a[0]=1", b"a-b_c=d", b"$Version=1; a=b; $Path=/",
    b'a="b"', b'a=""', b'a="', b'a="b', b'a=b"', b'a=b"c', b'a="b"c', b'a=b"c"', b'a=" b "', b'a= "b" ', b'a="b c"',
    b'a="b;c"', b'a="b; c=d"', b'a="b\\;c"', b'a="b,c"', b'a="b=c"', b'"a"=b', b'"a=b"',
    b'a="b\\"c"', b'a="\\"b\\""', b'a="\\\\"', b'a="\\"', b'a="\\', b'a="b\\c"', b'a="\\a"', b'a="\\\\a"', b'a=\\"b\\"',
    b'a=b\\c', b"a='b'", b'a=""b""', b'a="""', b'a=""""',
    b'a="\\073"', b'a="\\054\\073"', b'a="\\041"', b'a="\\101"', b'a="\\000"', b'a="\\001"', b'a="\\377"', b'a="\\400"',
    b'a="\\477"', b'a="\\777"', b'a="\\378"', b'a="\\38"', b'a="\\3"', b'a="\\0733"', b'a="\\7"',
    b'a="\\\\073"', b'a="\\\\\\073"', b'a="\\303\\251"', b'a="\\342\\202\\254"', b'a="\\360\\237\\230\\200"',
    b'a=\\303\\251', b'a="x\\303\\251y\\"z"', b'a="\\2000"', b'a="\\"\\073\\""', b'a="\\012"', b'a="\\\n"',
    "a=é".encode(), "a=€".encode(), "a=😀".encode(), b"a=\xe9", b"a=\xff\xfe", b"a=\xc3", b"a=\xe2\x82",
    b"a=\xc3\xa9\xc3", b"a=\xf0\x9f\x98\x80", b"a=\xed\xa0\xbd", b"a=\xc0\x80", b"a=\xf4\x90\x80\x80",
    "é=a".encode(), b"\xe9=a", 'a="é"'.encode(), b"a=\xc2\xa0b\xc2\xa0", b"a=\xa0b\xa0", b"a=\xc2\x85",
    "a=\u2028".encode(), "\u3000a\u3000=\u3000b\u3000".encode(), b"a=\xef\xbb\xbfb", b"\xef\xbb\xbfa=b",
    "sessionid=a\u00adb".encode(), "a=\u200b".encode(),
    b"__proto__=1", b"__proto__=1; __proto__=2", b"constructor=1; toString=2; hasOwnProperty=3", b"10=a; 2=b; 1=c",
    b"2=b; 10=a; 2=c", b"__proto__", b"0=zero; length=1",
    b'a={"b":1}', b'a={"b":1,"c":2}', b'a=[1,2]', b'a=j:{"b":1}', b"a=s:value.signature", b'a="{\\"b\\":1}"',
    b'a="{\\"b\\":1\\054\\"c\\":2}"', b"a=%7B%22b%22%3A1%7D", b"a=%20b%3B", b"a=b+c", b"a=%", b"%61=b", b"a=%E9",
    b"sessionid=abcdefghijklmnopqrstuvwxyz012345", b"sessionid=one; sessionid=two", b"sessionid=two; SESSIONID=one",
    b'sessionid="abcdefgh"', b"sessionid=", b'sessionid=""', b"sessionid", b" sessionid=abcdefgh ",
    b"csrftoken=x; sessionid=abcdefgh; theme=dark", b"sessionid=abcdefgh, sessionid=ijklmnop",
    b"Sessionid=a; sessionid =b; sessionid= c",
    b"sessionid=eyJhIjoxfQ:1r31eq:CKhQoRJtAqbV0WWGcQm0kIoXyS19koKkn_hYeDIHLrY",
    b"sessionid=header.payload.signature", b"__Host-sessionid=a; __Secure-sessionid=b; sessionid=c",
    b"sessionid=a;sessionid=b;", b"sessionid=a; sessionid", b"sessionid=a; =sessionid", b"sessionid=a\x00b",
    b"sessionid==a",
    b"a=" + b"x" * 5000, b"; ".join(b"c%d=%d" % (number, number) for number in range(120)), b"a=" + b"\\" * 50,
    b'a="' + b"\\" * 51 + b'"', b'a="' + b"\\101" * 100 + b'"', b";" * 500, b"a=" + b'"' * 99,
]
