"""Let people and machines in, and tell them: HTTP, console, command line, webhooks, and the worker of the arrows."""
