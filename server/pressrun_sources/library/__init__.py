"""The source `library`: a folder of files on this machine."""
