"""The detectors that desks know by name, behind one protocol: to compare with, and for who needs the standard one.

`protocol` says what a detector is and `registry` which there are. None of them knows a table, a label or a clock:
counts in, verdicts out. The default of this room is `warn.detectors`, which needs no comparison to run.
"""
