"""Print the figures of the README: `make bench`, or `python -m bench ingest`."""

import sys

from rich.console import Console

from bench import ingest, pages, statements

MEASURES = {"statements": statements.main, "ingest": ingest.main, "pages": pages.main}


def main() -> None:
    """Run the measures named, or all."""
    names = sys.argv[1:] or list(MEASURES)
    unknown = set(names) - set(MEASURES)
    if unknown:
        sys.exit(
            f"there is no measure {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}"
        )
    console = Console(width=110)
    for name in names:
        console.rule(name)
        MEASURES[name](console)


if __name__ == "__main__":
    main()
