# SPDX-License-Identifier: MIT
"""A headless Chromium through Debian's chromedriver. Nothing is downloaded: both programs have to be there."""

import base64
import os
import shutil
import subprocess
import sys

DRIVER, CHROMIUM = "/usr/bin/chromedriver", "/usr/bin/chromium"
NEEDED = "apt install chromium chromium-driver python3-selenium"


def python_with_selenium():
    for candidate in (sys.executable, "python3", "/usr/bin/python3"):
        found = shutil.which(candidate)
        if found and subprocess.run([found, "-c", "import selenium"], capture_output=True).returncode == 0:
            return found
    return None


def missing():
    """What is not there; '' when all is."""
    absent = [p for p in (DRIVER, CHROMIUM) if not os.access(p, os.X_OK)]
    if python_with_selenium() is None:
        absent.append("a python3 with selenium")
    return ", ".join(absent)


class Browser:
    def __init__(self, profile):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        # The page is our own and local, and neither root nor a container can have the sandbox.
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
                     "--no-first-run", "--disable-background-networking", f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(DRIVER), options=options)
        self.driver.set_script_timeout(60)

    def close(self):
        self.driver.quit()

    def open(self, path, width=1280, dark=False, media=""):
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                    {"name": "prefers-reduced-motion", "value": "reduce"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500})
        self.driver.get("file://" + path)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def settle(self):
        """Returns when the page was drawn and has seen the scrolling done so far, which hides tooltips."""
        self.driver.execute_async_script("const done = arguments[0];"
                                         "requestAnimationFrame(() => requestAnimationFrame(() => done()))")

    def messages(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def screenshot(self, path):
        height = self.run("return document.documentElement.scrollHeight")
        width = self.run("return document.documentElement.clientWidth")
        taken = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}})
        with open(path, "wb") as f:
            f.write(base64.b64decode(taken["data"]))
