"""The verdict on what vendors send. Pure: bytes in, bytes out; knows no Kafka client and no Faust."""
