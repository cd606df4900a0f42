"""Assets: from refs to prepared blobs; the only hop that touches the network."""
