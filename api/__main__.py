"""`python -m api` is `tocsin`."""

from api.cli import main

main()
