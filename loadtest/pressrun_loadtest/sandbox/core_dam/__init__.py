"""Stands in for OpenText Core DAM, speaking the OTMM REST v6 profile and the directory service's token call."""
