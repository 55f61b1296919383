"""Sends shop events as any program with kafka-python does: one JSON object a record, keyed by user_id.

    produce.py BROKERS TOPIC CODEC[,CODEC...]    events on standard input, one a line
"""

import json
import sys

from kafka import KafkaProducer

brokers, topic, codecs = sys.argv[1:]
names = codecs.split(",")
events = [json.loads(line) for line in sys.stdin]

for i, name in enumerate(names):
    producer = KafkaProducer(
        bootstrap_servers=brokers.split(","),
        key_serializer=lambda key: None if key is None else key.encode("utf-8"),
        value_serializer=lambda event: json.dumps(event).encode("utf-8"),
        acks="all",
        compression_type=None if name == "none" else name,
    )
    sent = [producer.send(topic, key=event["user_id"], value=event) for event in events[i :: len(names)]]
    producer.flush()
    for future in sent:
        future.get(timeout=30)
    producer.close()
