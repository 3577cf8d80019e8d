"""One file per noun: its addresses, its shapes, and nothing that decides."""
