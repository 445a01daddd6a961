"""Names of packages that everybody installs from public channels: asked where no upstream can be read."""

from __future__ import annotations

from ci_tools.core.lint.rule import Upstream

_NAMES = """
    abseil-cpp absl-py aiohttp airflow alembic alsa-lib altair anaconda-client ansible anyio appdirs argcomplete
    argon2-cffi arrow arrow-cpp astropy async-timeout asyncpg at-spi2-core atk attrs autoconf automake autopep8
    aws-c-common aws-sdk-cpp awscli azure-core azure-identity azure-storage-blob babel backcall backports bash
    bcrypt beautifulsoup4 bedtools binutils biopython bison black blas bleach blinker blosc bokeh boost boost-cpp
    boto3 botocore bottleneck bowtie2 brotli brotlipy bwa bzip2 c-ares c-blosc2 c-compiler ca-certificates cairo
    cartopy catboost ccache celery certifi cffi cfitsio chardet charset-normalizer clang clang-tools clangxx click
    cloudpickle cmake cmarkgfm codecov colorama colorlog compilers conda conda-build conda-forge-pinning conda-index
    conda-lock conda-pack conda-package-handling constructor contourpy coreutils coverage cryptography cuda
    cuda-nvcc cuda-toolkit cudatoolkit cudnn cupy curl cxx-compiler cycler cython cytoolz dash dask dask-core
    databricks-cli datasets dbus debugpy decorator deepdiff deepspeed defusedxml dill distlib distributed django
    djangorestframework dnspython docker-py docutils doxygen duckdb dvc ecdsa eigen eigenpy elasticsearch
    entrypoints et_xmlfile exceptiongroup execnet expat faiss faker fastapi fastparquet fastqc ffmpeg fftw filelock
    findutils fiona flake8 flask flex flit-core fmt folium fontconfig fonttools fortran-compiler freeglut freetype
    fribidi frozenlist fsspec future gawk gcc gcc_linux-64 gcsfs gdal gdb gdk-pixbuf gensim geopandas geos gettext
    gevent gflags gfortran gh ghostscript git git-lfs gitpython glew glib glog gmp gmpy2 gnuplot gnutls go
    google-api-core google-auth google-cloud-storage googletest graphite2 graphviz greenlet grep grpc-cpp grpcio gsl
    gst-plugins-base gstreamer gtest gtk2 gtk3 gunicorn gxx gxx_linux-64 gymnasium gzip h11 h2 h5netcdf h5py
    harfbuzz hatchling hdf4 hdf5 hdfs3 htslib httpcore httptools httpx huggingface_hub hypothesis icu idna imageio
    imagemagick imbalanced-learn importlib-metadata importlib_metadata importlib_resources infisical iniconfig
    intel-openmp ipdb ipykernel ipympl ipython ipywidgets isodate isort itsdangerous jaraco jasper jax jaxlib jedi
    jemalloc jinja2 jmespath joblib jpeg jq json5 jsonpatch jsonschema julia jupyter jupyter_client jupyter_core
    jupyter_server jupyterhub jupyterlab jupytext kafka-python keras kernel-headers keyring kiwisolver krb5
    kubernetes langchain lapack lcms2 ld64 ldap3 lerc leveldb libabseil libaec libarchive libarrow libass libblas
    libboost libbrotlicommon libcblas libcurl libcxx libdeflate libdrm libedit libev libevent libexpat libffi
    libflac libgcc libgcc-ng libgcrypt libgdal libgfortran libgfortran5 libgit2 libglib libgomp libgrpc libhwloc
    libiconv libidn2 libjpeg-turbo liblapack liblapacke libllvm14 libllvm15 libllvm16 libllvm17 libllvm18 libmagic
    libmamba libmambapy libnetcdf libnghttp2 libnsl libogg libopenblas libopencv libopus libpng libpq libprotobuf
    libsndfile libsodium libspatialindex libspatialite libsqlite libssh2 libstdcxx libstdcxx-ng libtiff libtool
    libtorch libunistring libunwind libuuid libuv libvorbis libvpx libwebp libwebp-base libxcb libxcrypt libxgboost
    libxkbcommon libxml2 libxslt libzip libzlib lightgbm lightning llvm llvm-openmp llvmdev llvmlite locket loguru
    lua luajit lxml lz4 lz4-c lzo m4 make mako mamba markdown markdown-it-py markupsafe matplotlib matplotlib-base
    matplotlib-inline maturin maven mdurl meson metis micromamba minimap2 minio mistune mkl mkl-service mkl_fft
    mkl_random mlflow mock more-itertools mpc mpfr mpi mpi4py mpich mpmath msgpack-python multidict multiprocess
    mumps mypy mypy_extensions mysql mysql-connector-python namex nasm nbclient nbconvert nbformat nccl ncurses
    nest-asyncio netcdf4 networkx nginx ninja nlohmann_json nltk nodejs nose notebook nox nspr nss numba numexpr
    numpy numpy-base nvidia-ml-py oauthlib onnx onnxruntime openai openblas opencv openexr openjdk openjpeg openmp
    openmpi openpyxl openssh openssl opentelemetry-api orc orjson packaging pandas pandoc panel pango papermill
    paramiko parquet parso partd patch patchelf pathspec patsy pcre pcre2 perl petsc pexpect pickleshare pillow pip
    pipenv pixi pixman pkg-config pkginfo platformdirs plotly pluggy ply poetry polars poppler portaudio postgresql
    pre-commit proj prometheus_client prompt-toolkit prompt_toolkit protobuf psutil psycopg psycopg2 pthread-stubs
    ptyprocess pugixml pulseaudio pure_eval py-opencv py-xgboost pyarrow pyasn1 pybind11 pycodestyle pycosat
    pycparser pycryptodome pydantic pydantic-core pydot pyflakes pygments pyjwt pylint pymc pymongo pymysql pynacl
    pynvml pyodbc pyopenssl pyparsing pyproj pyqt pyrsistent pysam pyserial pyside6 pysocks pyspark pytables pytest
    pytest-asyncio pytest-cov pytest-mock pytest-xdist python python-build python-dateutil python-dotenv
    python-fastjsonschema python-json-logger python-multipart python-tzdata python_abi pytorch pytorch-cpu
    pytorch-cuda pytorch-gpu pytorch-lightning pytz pyviz_comms pywavelets pyyaml pyzmq qt qt-main qt6-main r-base
    r-data.table r-devtools r-dplyr r-essentials r-ggplot2 r-rcpp r-shiny r-tidyverse rabbitmq-server rapidjson
    rasterio rattler-build ray-core re2 readline redis redis-py regex reportlab requests requests-oauthlib rich
    rioxarray ripgrep rpds-py rsync rtree ruamel.yaml ruby ruff rust s2n s3fs s3transfer samtools scikit-image
    scikit-learn scipy scotch scrapy sdl2 seaborn secretstorage sed selenium sentencepiece sentry-sdk setuptools
    setuptools-scm setuptools_scm shap shapely shellcheck simplejson six slepc smmap snakemake snappy sniffio
    snowballstemmer snowflake-connector-python sortedcontainers soupsieve spacy spark sparse spdlog sphinx
    sqlalchemy sqlite sqlparse stack_data starlette statsmodels streamlit suitesparse sundials superlu svt-av1 swig
    sympy sysroot_linux-64 tabulate tar tbb tblib tenacity tensorboard tensorflow tensorflow-base termcolor
    terminado terraform texinfo texlive-core threadpoolctl thrift-cpp tifffile tiledb tinycss2 tk tokenizers toml
    tomli tomlkit toolz torch torchaudio torchvision tornado tox tqdm traitlets transformers triton trl twine typer
    types-requests typing-extensions typing_extensions tzdata ucx ujson unixodbc unzip uri-template urllib3 utf8proc
    uv uvicorn uvloop vc vim virtualenv vs2015_runtime vs2019_win-64 vtk wandb watchdog watchfiles wcwidth
    webencodings websocket-client websockets werkzeug wget wheel whichcraft widgetsnbextension wrapt x264 x265
    xarray xerces-c xgboost xlrd xlsxwriter xlwt xorg-libx11 xorg-libxau xorg-libxext xxhash xyzservices xz yaml
    yaml-cpp yapf yarl yasm zarr zeromq zfp zict zip zipp zlib zlib-ng zope zsh zstandard zstd
"""
NAMES = frozenset(_NAMES.split())

WELL_KNOWN = Upstream(names=NAMES, where="the public channels", is_all=False)
