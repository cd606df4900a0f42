"""The source `core-dam`: OpenText Core Digital Asset Management through the OTMM REST API, version 6."""
