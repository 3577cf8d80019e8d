"""The model that ships: int8 weights, tokenizer and configuration, made by `classify.train.bundle`."""
