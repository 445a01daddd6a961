// What the module `cloudfront` gives a function, as much as ours asks for. `globalThis.world` is the case under test.
async function exists(key) {
    globalThis.world.reads.push('exists ' + key);
    if (globalThis.world.broken) {
        throw new Error('the store fails');
    }
    return globalThis.world.records[key] !== undefined;
}

async function get(key, options) {
    globalThis.world.reads.push('get ' + key);
    if (globalThis.world.records[key] === undefined || globalThis.world.unreadable) {
        throw new Error('KeyNotFound');
    }
    return globalThis.world.records[key];
}

function kvs() {
    return {exists: exists, get: get};
}

function logCustomData(line) {
    globalThis.world.lines.push(line);
}

export default {kvs: kvs, logCustomData: logCustomData};
