"""The console: pages rendered on the server for the people who read the worst that people write.

Plain HTML first: every page works without JavaScript, loads nothing from anywhere else, and shows no text of a source
other than escaped, and masked until the reader asks for it.
"""
