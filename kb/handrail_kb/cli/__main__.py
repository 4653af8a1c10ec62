"""`python -m handrail_kb.cli` is the `handrail` command, where no script is on the path."""

from handrail_kb.cli import main

if __name__ == "__main__":
    main()
