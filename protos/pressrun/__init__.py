"""The contract of Pressrun: generated code lives in the versioned packages below."""
