# force=True — parse as JSON even if Content-Type is not application/json
data = request.get_json(force=True)
# silent=True — return None on parse error instead of raising 400
data = request.get_json(silent=True)
# Combine both for maximum permissiveness (useful in development)
data = request.get_json(force=True, silent=True)
# Access raw body if you need to parse manually
raw_bytes = request.get_data()
import json
data = json.loads(raw_bytes)
