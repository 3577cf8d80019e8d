"""What Tocsin remembers: one file per noun of the flow, and nothing about how the nouns come to be."""
