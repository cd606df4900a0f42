"""The gRPC surface; protobuf stops here."""
