"""Bring the world in: poll sources, read what they publish, keep it as items, read the text out of them."""
