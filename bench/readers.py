"""The other readers of QR codes, each as a function from a grey picture to a payload, and the examples that stand for ours."""

import json
import subprocess
from functools import cache
from pathlib import Path

import cv2
import zxingcpp
from pyzbar import pyzbar

from measure import ROOT, command


def zxing(grey):
    found = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormat.QRCode)
    return next((code.text for code in found if code.text), "")


def zbar(grey):
    found = pyzbar.decode(grey, symbols=[pyzbar.ZBarSymbol.QRCODE])
    return found[0].data.decode(errors="replace") if found else ""


def opencv(grey):
    try:
        return cv2.QRCodeDetector().detectAndDecode(grey)[0]
    except cv2.error:
        return ""


PEERS = {"zxing-cpp": zxing, "zbar": zbar, "OpenCV": opencv}


@cache
def example(name):
    """Builds an example program of the room that reads sheets, as it is released; its path."""
    subprocess.run(["cargo", "build", "--quiet", "--release", "--package", "testigo-sheet", "--example", name], cwd=ROOT, check=True)
    told = command("cargo", "metadata", "--format-version", "1", "--no-deps", "--manifest-path", ROOT / "Cargo.toml")
    return Path(json.loads(told)["target_directory"]) / "release/examples" / name
