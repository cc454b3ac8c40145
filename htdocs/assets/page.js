// The state of the parts, the calls of one tenant as they happen, and one call's transcript and
// recording. A private stack hands the key of its demo tenant over in /demo.json; elsewhere the page
// asks for one and keeps it for this tab alone.

const element = (id) => document.getElementById(id);
const POLL_MS = 3000; // a key may ask 60 times a minute; list and transcript together stay below

let key = sessionStorage.getItem('key') || '';
let open = ''; // the call that is shown
let recorded = ''; // the call whose recording is in the player

function make(tag, className, text) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
}

async function ask(path) {
    const answer = await fetch(path, { headers: { Authorization: `Bearer ${key}` }, cache: 'no-store' });
    if (answer.status === 401) throw new Error('That key is not valid.');
    return answer;
}

async function showParts() {
    const list = element('parts');
    try {
        const answer = await fetch('/site/status.json', { cache: 'no-store' });
        const status = await answer.json();
        list.replaceChildren(...status.parts.map((part) => {
            const row = make('li', part.ok ? 'good' : 'bad');
            row.append(make('span', 'name', part.name), make('span', 'detail', part.detail || ''));
            return row;
        }));
    } catch {
        const row = make('li', 'bad');
        row.append(make('span', 'name', 'The program does not answer'));
        list.replaceChildren(row);
    }
}

function length(call) {
    const seconds = call.duration_sec;
    if (seconds === undefined) return '';
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

const isLive = (call) => ['queued', 'ringing', 'in_progress'].includes(call.status);

function callRow(call) {
    const row = make('tr', call.id === open ? 'open' : '');
    const began = make('td');
    const button = make('button', '', new Date(call.started_at).toLocaleTimeString());
    button.type = 'button';
    button.dataset.call = call.id;
    button.addEventListener('click', () => openCall(call.id));
    began.append(button);
    row.append(began, make('td', '', call.caller || ''), make('td', '', call.phone_number || ''),
        make('td', isLive(call) ? 'live' : '', call.status), make('td', '', length(call)));
    return row;
}

let calls = [];

async function showCalls() {
    const answer = await ask('/v1/calls?limit=50');
    if (!answer.ok) return;
    const rows = (await answer.json()).data;
    const fresh = rows.find((call) => isLive(call) && !calls.some((old) => old.id === call.id));
    calls = rows;
    if (fresh) open = fresh.id;
    else if (!open && rows.length) open = rows[0].id;
    element('calls').hidden = rows.length === 0;
    element('no-calls').hidden = rows.length > 0;
    const body = element('calls').tBodies[0];
    const focused = document.activeElement?.dataset?.call;
    body.replaceChildren(...rows.map(callRow));
    if (focused) body.querySelector(`[data-call="${CSS.escape(focused)}"]`)?.focus();
    await showCall();
}

async function openCall(id) {
    open = id;
    element('turns').replaceChildren();
    await showCalls();
}

async function showCall() {
    const call = calls.find((one) => one.id === open);
    element('call').hidden = !call;
    if (!call) return;
    element('call-facts').textContent = [call.caller, 'to', call.phone_number, '·', call.status,
        call.outcome ? `· ${call.outcome}` : '', '·', call.id].join(' ');
    const shown = element('turns').dataset;
    if (shown.call !== open || shown.whole !== 'yes') {
        const answer = await ask(`/v1/calls/${open}/transcript`);
        const turns = answer.ok ? (await answer.json()).turns : [];
        element('turns').replaceChildren(...turns.map(turnRow));
        shown.call = open;
        shown.whole = isLive(call) || !call.outcome ? 'no' : 'yes';
    }
    await showRecording(call);
}

function turnRow(turn) {
    const row = make('li', turn.role === 'agent' ? 'agent' : 'caller');
    if (turn.start_ms !== undefined) row.append(make('span', 'at', `${(turn.start_ms / 1000).toFixed(1)} s`));
    row.append(turn.text + (turn.interrupted ? ' …' : ''));
    return row;
}

async function showRecording(call) {
    const place = element('recording');
    if (!call.has_recording) {
        recorded = '';
        place.replaceChildren(make('span', 'soft', isLive(call) ? 'The recording follows the call.' : 'No recording.'));
        return;
    }
    if (recorded === call.id) return;
    const answer = await ask(`/v1/calls/${call.id}/recording`);
    if (!answer.ok) return;
    const player = make('audio');
    player.controls = true;
    player.src = URL.createObjectURL(await answer.blob());
    place.replaceChildren(player);
    recorded = call.id;
}

async function turn() {
    await showParts();
    if (key) {
        try {
            await showCalls();
            element('key-problem').hidden = true;
        } catch (problem) {
            forget(problem.message);
        }
    }
    setTimeout(turn, POLL_MS);
}

function forget(message) {
    key = '';
    sessionStorage.removeItem('key');
    element('key-form').hidden = false;
    element('key-problem').textContent = message;
    element('key-problem').hidden = false;
}

element('key-form').addEventListener('submit', (event) => {
    event.preventDefault();
    key = element('key').value.trim();
    sessionStorage.setItem('key', key);
    element('key-form').hidden = true;
    showCalls().catch((problem) => forget(problem.message));
});

async function begin() {
    if (!key) {
        const answer = await fetch('/demo.json').catch(() => null);
        if (answer?.ok) key = (await answer.json()).key;
    }
    element('key-form').hidden = key !== '';
    element('curl').textContent = `curl -H "Authorization: Bearer ${key || '$KEY'}" ${location.origin}/v1/calls`;
    turn();
}

begin();
