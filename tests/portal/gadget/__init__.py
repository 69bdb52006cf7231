"""Tests of the gadget."""
