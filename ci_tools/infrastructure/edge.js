// The rule of the edge for /t/<token>/<channel>/... and /b/<channel>/...: CloudFront Functions, cloudfront-js-2.0.
// Its twin is ci_tools/core/edge_rule.py; one table of requests and answers holds both (tests/access/edge_vectors.json).
// What throws here is answered by CloudFront with 503: nobody is let in by a mistake.
import cf from 'cloudfront';
import crypto from 'crypto';

const LONGEST_PATH = 8192;
const LONGEST_LINE = 700; // bytes of a log line that CloudFront keeps: 800
const TOKEN = /^([0-9a-f]{12})-([0-9a-f]{40})$/;
const HASH = /^[0-9a-f]{64}$/;
const CHANNEL = /^[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$/;
// RFC 7617, with base64 in its one canonical length.
const BASIC = /^[Bb][Aa][Ss][Ii][Cc] +((?:[A-Za-z0-9+\/]{4})*(?:[A-Za-z0-9+\/]{2}==|[A-Za-z0-9+\/]{3}=)?)$/;
// An escape may only stand for a printable ASCII character that is no `.`, `/`, `\` or `%`.
const UNSAFE = /[^A-Za-z0-9._~!$&'()*+,;=:@\/%-]|%(?!(?!2[5EFef]|5[Cc]|7[Ff])[2-7][0-9A-Fa-f])/;
const LOOKS_LIKE_A_TOKEN = /([0-9A-Fa-f]{12})-[0-9A-Fa-f]{40}/g;
const LAST_SECOND = 253402300799;
// What an unknown id is compared with: as much work as for a known one.
const NOTHING = {id: '', secret: '0'.repeat(40)};
const NOBODY = {h: '', c: [], e: 0};
const NO_HASH = '-'.repeat(64);
const TITLES = {400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 405: 'Method Not Allowed'};

async function handler(event) {
    const request = event.request;
    const refused = refusal(request);
    if (refused) {
        return refused;
    }
    const second = request.uri.indexOf('/', 1);
    const gate = second < 0 ? request.uri.slice(1) : request.uri.slice(1, second);
    let rest = second < 0 ? '' : request.uri.slice(second + 1);
    if (gate !== 't' && gate !== 'b') {
        return denied(request, 401, 'a token is needed here', '');
    }
    let token;
    if (gate === 't') {
        const slash = rest.indexOf('/');
        token = parseToken(slash < 0 ? rest : rest.slice(0, slash));
        rest = slash < 0 ? '' : rest.slice(slash + 1);
    } else {
        token = basicToken(request.headers.authorization);
    }
    const record = await grantOf(token || NOTHING);
    return answer(request, token, record, rest);
}

// What is refused whoever asks.
function refusal(request) {
    const path = request.uri;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
        return denied(request, 405, 'only GET and HEAD are answered here', '');
    }
    const dots = path.indexOf('..') >= 0 || path.indexOf('/./') >= 0 || path.slice(-2) === '/.';
    if (path.length > LONGEST_PATH || path[0] !== '/' || dots || path.indexOf('//') >= 0 || UNSAFE.test(path)) {
        return denied(request, 400, 'this path is not one that a channel has', '');
    }
    return null;
}

function parseToken(text) {
    const found = text.length === 53 ? TOKEN.exec(text) : null;
    return found ? {id: found[1], secret: found[2]} : null;
}

// `id:secret`, or any user name with the whole token as password. Two headers are none.
function basicToken(header) {
    if (!header || (header.multiValue && header.multiValue.length > 1)) {
        return null;
    }
    const found = BASIC.exec(header.value);
    if (!found) {
        return null;
    }
    const text = Buffer.from(found[1], 'base64').toString();
    const colon = text.indexOf(':');
    const user = colon < 0 ? text : text.slice(0, colon);
    const password = colon < 0 ? '' : text.slice(colon + 1);
    return parseToken(password) || parseToken(user + '-' + password);
}

// The record of an id. Two reads whatever the id: what the first one says tells a missing key from a store that fails,
// which must not look like a revoked token.
async function grantOf(token) {
    const store = cf.kvs();
    const key = 't:' + token.id;
    const known = await store.exists(key);
    let text = '';
    try {
        text = await store.get(key, {format: 'string'});
    } catch (error) {
        if (known) {
            throw error;
        }
    }
    return parseRecord(text);
}

function parseRecord(text) {
    let record = null;
    try {
        record = JSON.parse(text);
    } catch (error) {
        return NOBODY;
    }
    const held = record !== null && typeof record === 'object' && isProof(record) && Array.isArray(record.c);
    if (!held || !record.c.every(isChannel) || (record.p !== undefined && !(record.p && isProof(record.p)))) {
        return NOBODY;
    }
    return record;
}

function isProof(part) {
    return typeof part.h === 'string' && (part.h === '' || (part.h.length === 64 && HASH.test(part.h))) &&
        typeof part.e === 'number' && part.e >= 0 && part.e <= LAST_SECOND && Math.floor(part.e) === part.e;
}

function isChannel(name) {
    if (typeof name !== 'string' || !CHANNEL.test(name) || name.indexOf('\n') >= 0) {
        return false;
    }
    const first = name.split('/')[0];
    return first !== 't' && first !== 'b';
}

function answer(request, token, record, rest) {
    const shown = crypto.createHash('sha256').update((token || NOTHING).secret).digest('hex');
    const previous = record.p || NOBODY;
    const isCurrent = equal(shown, record.h || NO_HASH);
    const isPrevious = equal(shown, previous.h || NO_HASH);
    if (!token) {
        return denied(request, 401, 'this is not a whole token: 12 digits, a dash, 40 digits, all of 0-9a-f', '');
    }
    if (!isCurrent && !isPrevious) {
        return denied(request, 401, 'this token is unknown or was revoked', token.id);
    }
    if (Date.now() / 1000 >= (isCurrent ? record.e : Math.min(record.e, previous.e))) {
        return denied(request, 401, 'token ' + token.id + ' has expired', token.id);
    }
    if (!record.c.some(function (channel) { return rest === channel || rest.indexOf(channel + '/') === 0; })) {
        return denied(request, 403, 'token ' + token.id + ' does not open this channel', token.id);
    }
    return allowed(request, token.id, '/' + rest.replace(/\+/g, '%2B'));
}

// Every character is looked at, so that time does not tell how many were right.
function equal(one, other) {
    let difference = one.length ^ other.length;
    for (let i = 0; i < one.length; i++) {
        difference |= one.charCodeAt(i) ^ other.charCodeAt(i);
    }
    return difference === 0;
}

function allowed(request, id, path) {
    log(id + ' ' + path.replace(LOOKS_LIKE_A_TOKEN, '$1-***'));
    request.uri = path; // without the token, which so is in no cache key; S3 takes a raw `+` for a space
    request.querystring = {};
    delete request.headers.authorization;
    return request;
}

function denied(request, status, detail, id) {
    log((id || '-') + ' ' + status);
    const headers = {
        'content-type': {value: 'application/problem+json'},
        'cache-control': {value: 'no-store'}
    };
    if (status === 405) {
        headers.allow = {value: 'GET, HEAD'};
    } else if (status === 401 && request.uri.indexOf('/b/') === 0) {
        headers['www-authenticate'] = {value: 'Basic realm="channel"'};
    }
    const said = {statusCode: status, statusDescription: TITLES[status], headers: headers};
    if (request.method !== 'HEAD') {
        said.body = JSON.stringify({type: 'about:blank', title: TITLES[status], status: status, detail: detail});
    }
    return said;
}

// In the standard log: viewer-request-log-data. Never the token, never a path that was not understood.
function log(line) {
    cf.logCustomData(line.slice(0, LONGEST_LINE));
}
