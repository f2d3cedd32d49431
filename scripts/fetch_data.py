"""Get MNIST and Fashion-MNIST into $BOOK_DATA (default: data/), or say loudly that stand-ins will be used.

Exits 0 when the real data is there and 3 when the book has to run on stand-ins.
"""

import sys
import warnings

from lib.data import data_folder, load
from lib.files import SOURCES, DataError

STAND_INS = 3


def main() -> int:
    real = True
    for name in SOURCES:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                data = load(name)
        except (DataError, OSError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        real &= not data.stand_in
        print(f"{'WARNING  ' if data.stand_in else ''}{data}", flush=True)
    if real:
        print(f"Data: {data_folder()}")
        return 0
    print("WARNING  The pages will say on top that they show stand-ins, not the real data.")
    return STAND_INS


if __name__ == "__main__":
    sys.exit(main())
