"""The render node: takes document requests, composes documents, streams them back."""
