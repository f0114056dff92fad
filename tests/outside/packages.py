"""A Python with the packages of requirements.txt, in a folder of its own beside this file."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def python():
    folder = HERE / ".venv"
    program = folder / "bin" / "python"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([program, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
    return program
