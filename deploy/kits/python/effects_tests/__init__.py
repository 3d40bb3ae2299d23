"""Tests of the effects' second implementation: small cases, worked out by hand for each section."""
