"""Runs `statistics_of_a_real_election.py` with a Python that has numpy, scipy and pandas."""

import subprocess
import unittest
from pathlib import Path

from packages import python

HERE = Path(__file__).resolve().parent


class Statistics(unittest.TestCase):
    def test_another_program_comes_to_the_same_statistics(self):
        if not (HERE.parents[2] / "shared" / "data" / "ve2024").is_dir():
            self.skipTest("the real results are not here")
        done = subprocess.run([python(), HERE / "statistics_of_a_real_election.py"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
