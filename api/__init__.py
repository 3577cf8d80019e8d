"""Let people and machines in, and tell them: HTTP, console, command line, webhooks, and the worker that turns the arrows."""
