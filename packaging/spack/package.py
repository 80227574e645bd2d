# SPDX-License-Identifier: MIT
# For a Spack repository of your own: packages/lanebench/package.py. No release is published, so give the sources: spack
#   develop --path /path/to/lanebench lanebench@main
from spack.package import *


class Lanebench(MesonPackage):
    """Proves single-precision CPU kernels right, then times training epochs with them."""

    license("MIT")
    version("main")

    variant("onednn", default=True, description="the oneDNN backend")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("meson@1.0:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("hwloc@2:")
    depends_on("jansson@2.13:")
    depends_on("libmd")
    depends_on("zlib-api")
    depends_on("benchmark@1.7:")
    depends_on("onednn@2.6:", when="+onednn")

    requires("target=x86_64:", msg="the kernels are for x86-64")

    def meson_args(self):
        return ["-Donednn=" + ("enabled" if self.spec.satisfies("+onednn") else "disabled")]
