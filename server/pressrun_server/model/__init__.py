"""The values that flow between the phases; plain data, no behaviour of any phase."""
