"""`python -m manyminds.cli`."""

from manyminds.cli.app import main

if __name__ == "__main__":
    main()
