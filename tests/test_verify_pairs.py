"""The check on pairs that were written before it was tuned: a true paraphrase of a corpus sentence, and a minimal edit of it."""

import json
from pathlib import Path

import pytest

