"""`python -m bninspect` is the `bninspect` command."""

from bninspect.cli import main

if __name__ == "__main__":
    main()
