"""The commands of `tocsin`, one file per thing they are about; each calls one function of a room."""
