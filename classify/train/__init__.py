"""Train the model from labelled rows and our own texts. Nothing at run time imports this package."""
