"""Every reader of bytes from outside, fed with what a fuzzer or a hostile mind makes up."""
