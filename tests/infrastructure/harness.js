// Appended to a function: reads cases from a file, writes what the function made of each, one JSON document a line.
import fs from 'fs';

async function told(one) {
    globalThis.world = one;
    one.reads = [];
    one.lines = [];
    Date.now = function () { return one.now * 1000; };
    let made = null;
    try {
        made = await handler({version: '1.0', context: {eventType: 'viewer-request'}, request: one.request});
    } catch (error) {
        made = {thrown: String(error)};
    }
    return JSON.stringify({made: made, lines: one.lines, reads: one.reads});
}

async function main() {
    const place = process.argv[process.argv.length - 1];
    const cases = JSON.parse(fs.readFileSync(place, 'utf8'));
    let answers = [];
    for (let i = 0; i < cases.length; i++) {
        const said = await told(cases[i]);
        answers.push(said);
    }
    fs.writeFileSync(place + '.answers', answers.join('\n'));
}

main();
