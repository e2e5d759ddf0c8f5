"""A first Headrace project: how long does a delivery take?"""
