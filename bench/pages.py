"""x."""


def main(c): ...
