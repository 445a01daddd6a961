// The behaviour of signed cookies, once CloudFront has found them good: the same paths are refused as everywhere, and
// `+` is escaped for the origin, for S3 takes a raw one for a space. CloudFront Functions, cloudfront-js-2.0.
const LONGEST_PATH = 8192;
const UNSAFE = /[^A-Za-z0-9._~!$&'()*+,;=:@\/%-]|%(?!(?!2[5EFef]|5[Cc]|7[Ff])[2-7][0-9A-Fa-f])/;

function handler(event) {
    const request = event.request;
    const path = request.uri;
    const dots = path.indexOf('..') >= 0 || path.indexOf('/./') >= 0 || path.slice(-2) === '/.';
    if (path.length > LONGEST_PATH || path[0] !== '/' || dots || path.indexOf('//') >= 0 || UNSAFE.test(path)) {
        return refused(request.method);
    }
    request.uri = path.replace(/\+/g, '%2B');
    request.querystring = {};
    return request;
}

function refused(method) {
    const said = {
        statusCode: 400,
        statusDescription: 'Bad Request',
        headers: {'content-type': {value: 'application/problem+json'}, 'cache-control': {value: 'no-store'}}
    };
    if (method !== 'HEAD') {
        said.body = JSON.stringify({
            type: 'about:blank', title: 'Bad Request', status: 400, detail: 'this path is not one that a channel has'
        });
    }
    return said;
}
