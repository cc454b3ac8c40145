# The reference's example "Create Agent and Assign Phone Number", word for word; the test puts our
# address, a key and a number of the tenant in the places of its own.

# Create agent
AGENT_ID=$(curl -X POST https://api.example.com/agents \
  -H "Authorization: Bearer YOUR_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "name": "Support Agent",
    "type": "inbound",
    "system_prompt": "You are a helpful support agent",
    "voice": "alloy"
  }' | jq -r '.id')

# Assign phone number
curl -X POST https://api.example.com/phone-numbers/+15551234567/assign \
  -H "Authorization: Bearer YOUR_API_KEY" \
  -H "Content-Type: application/json" \
  -d "{\"agent_id\": \"$AGENT_ID\"}"
