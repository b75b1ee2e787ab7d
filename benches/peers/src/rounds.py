"""Does something as often as it is told, line by line, and says how long it was on a processor for that."""

import json
import sys
import time


def serve(load_of):
    """Has `load_of` make what it is told to, which tries itself, and re-encrypts it in rounds."""
    for line in sys.stdin:
        request = json.loads(line)
        if "often" not in request:
            load, answer = load_of(request), {}
        else:
            began = time.process_time()
            for _ in range(request["often"]):
                load.reencrypt()
            answer = {"seconds": time.process_time() - began}
        print(json.dumps(answer), flush=True)
