/*
 * Drives the carrier's official client, unmodified, for the tests: sdk.js BASE_URL ACCOUNT TOKEN
 *
 * Every line that comes in is a JSON array of steps from the client on: a string is a member, an
 * array the arguments that it is called with; ["calls", ["CA…"], "fetch", []].  Every line that
 * goes out is {"ok": …} or {"error": {status, code, message, moreInfo}}.
 *
 * What goes over the wire is written to $EXCHANGES, as the tests' own requests are.
 */
'use strict';

const fs = require('fs');
const readline = require('readline');
const twilio = require('twilio');

/* The products' hosts are ours here. */
class LocalClient extends twilio.RequestClient {
    constructor(base) {
        super();
        this.base = new URL(base);
    }

    async request(options) {
        const url = new URL(options.uri);

        url.protocol = this.base.protocol;
        url.host = this.base.host;
        const answer = await super.request({ ...options, uri: url.href });
        this.write(options, url, answer);
        return answer;
    }

    write(options, url, answer) {
        const type = (answer.headers && answer.headers['content-type']) || '';
        const line = {
            method: options.method.toUpperCase(),
            path: url.pathname + url.search,
            status: answer.statusCode,
            type,
            body: typeof answer.body === 'string' && /^[{[]/.test(answer.body)
                ? JSON.parse(answer.body) : answer.body || null,
        };

        if (process.env.EXCHANGES)
            fs.appendFileSync(process.env.EXCHANGES, JSON.stringify(line) + '\n');
    }
}

async function walk(client, steps) {
    let before, here = client;

    for (const step of steps) {
        if (Array.isArray(step)) {
            here = await here.apply(before, step);
        } else {
            before = here;
            here = here[step];
        }
    }
    return here === undefined ? null : here;
}

/* Instances say of themselves what they hold, but for dates, which JSON spells. */
function plain(value) {
    if (Array.isArray(value))
        return value.map(plain);
    return value && typeof value.toJSON === 'function' ? value.toJSON() : value;
}

function failure(error) {
    return {
        status: error.status || 0, code: error.code || 0, message: error.message,
        moreInfo: error.moreInfo || '', details: error.details || null,
    };
}

async function main() {
    const [base, account, token] = process.argv.slice(2);
    const client = twilio(account, token, { httpClient: new LocalClient(base) });
    const tools = { client, twilio };

    for await (const line of readline.createInterface({ input: process.stdin })) {
        const steps = JSON.parse(line);
        const from = tools[steps[0]] || client;
        let answer;

        try {
            answer = { ok: plain(await walk(from, tools[steps[0]] ? steps.slice(1) : steps)) };
        } catch (error) {
            answer = { error: failure(error) };
        }
        process.stdout.write(JSON.stringify(answer) + '\n');
    }
}

main();
