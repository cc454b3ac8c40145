const ws = new WebSocket('wss://api.example.com/events/ws');

ws.onmessage = (event) => {
  const data = JSON.parse(event.data);
  
  switch(data.type) {
    case 'call.started':
      console.log('Call started:', data.call_sid);
      break;
    case 'transcript.partial':
      console.log('Transcript:', data.text);
      break;
    case 'call.ended':
      console.log('Call ended, duration:', data.duration);
      break;
  }
};
