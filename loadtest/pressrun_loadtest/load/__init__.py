"""The load tester: scenarios, generators of load, measures, reports. It speaks the contract, not to a node's inside."""
