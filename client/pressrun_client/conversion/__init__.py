"""To and from protobuf; nothing outside this package and the streams touches a message."""
