"""The RSA test keys and the secret in a file, from test/vectors/keys."""

folder = None


def path_of(name):
    return folder / name


def text_of(name):
    return path_of(name).read_text(encoding="ascii")
