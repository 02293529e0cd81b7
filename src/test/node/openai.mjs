// Drives a running server with the official client, unchanged. One JSON line per paid call; whatever is wrong throws.
import assert from 'node:assert/strict'
import OpenAI from 'openai'

const baseURL = process.env.FARTHING_URL + '/v1'
const client = new OpenAI({ baseURL, apiKey: process.env.FARTHING_API_KEY, maxRetries: 0 })
const prompt = 'In the beginning'
const text = 'wren/kjv'
const vectors = 'wren/minilm-l6-v2'

const record = (call, model, receipt, charge, usage) => console.log(JSON.stringify({
  call, model, receipt, charge: Number(charge), input: usage?.prompt_tokens ?? 0, output: usage?.completion_tokens ?? 0,
}))

async function whole (call, model, promise) {
  const { data, response } = await promise.withResponse()
  record(call, model, response.headers.get('farthing-receipt'), response.headers.get('farthing-charge'), data.usage)
  return data
}

async function streamed (call, promise, pieceOf) {
  const { data, response } = await promise.withResponse()
  let whole = ''
  let last
  for await (const chunk of data) {
    whole += chunk.choices.map(pieceOf).join('')
    last = chunk
  }
  assert.equal(last.choices.length, 0, 'the last chunk carries usage only')
  assert.equal(last.farthing.receipt, response.headers.get('farthing-receipt'))
  record(call, text, last.farthing.receipt, last.farthing.charge_nanos, last.usage)
  return whole
}

const options = { stream: true, stream_options: { include_usage: true } }

const complete = (max_tokens = 8) => whole('complete', text, client.completions.create({ model: text, prompt, max_tokens, seed: 7 }))
const streamCompletion = (max_tokens = 8) => streamed('stream', client.completions.create({ model: text, prompt, max_tokens, seed: 7, ...options }), c => c.text)
const messages = [{ role: 'user', content: prompt }]
const chat = (max_tokens = 8) => whole('chat', text, client.chat.completions.create({ model: text, messages, max_tokens, seed: 7 }))
const streamChat = (max_tokens = 8) => streamed('stream chat', client.chat.completions.create({ model: text, messages, max_tokens, seed: 7, ...options }), c => c.delta.content ?? '')
const embed = input => whole('embed', vectors, client.embeddings.create({ model: vectors, input }))
const classify = input => whole('classify', 'wren/langdetect', client.post('/classify', { body: { model: 'wren/langdetect', input } }))

const refused = async (type, status, promise, words) => {
  const error = await promise.then(() => assert.fail(`expected ${status}`), e => e)
  assert.ok(error instanceof type, `${type.name} expected, not ${error}`)
  assert.equal(error.status, status)
  assert.match(error.message, words)
}

async function basics () {
  const ids = []
  for await (const model of client.models.list()) ids.push(model.id)
  assert.ok(ids.includes(text) && ids.includes(vectors), `models: ${ids}`)

  const completion = await complete()
  assert.equal(completion.object, 'text_completion')
  assert.equal(completion.usage.completion_tokens, 8)
  assert.equal(await streamCompletion(), completion.choices[0].text, 'a stream says the same with the same seed')
  const answer = await chat()
  assert.equal(answer.choices[0].message.role, 'assistant')
  assert.equal(await streamChat(), answer.choices[0].message.content)

  // The client asks for base64 and decodes it.
  const [a, b] = (await embed(['a king', 'a queen'])).data
  assert.equal(a.embedding.length, 384)
  assert.equal(b.index, 1)
  const floats = await whole('embed', vectors, client.embeddings.create({ model: vectors, input: 'a king', encoding_format: 'float' }))
  a.embedding.forEach((x, i) => assert.ok(Math.abs(x - floats.data[0].embedding[i]) < 1e-6))

  const stranger = new OpenAI({ baseURL, apiKey: 'fk_wrong', maxRetries: 0 })
  await refused(OpenAI.AuthenticationError, 401, stranger.completions.create({ model: text, prompt }), /key/i)
  await refused(OpenAI.NotFoundError, 404, client.completions.create({ model: 'wren/kjw', prompt }), /wren\/kjv/)
  await refused(OpenAI.BadRequestError, 400, client.completions.create({ model: text, prompt, max_tokens: 'many' }), /max_tokens/)
  await refused(OpenAI.BadRequestError, 400, client.completions.create({ model: text, prompt: prompt.repeat(500) }), /token/)
  await refused(OpenAI.BadRequestError, 400, client.completions.create({ model: vectors, prompt }), /embedding/i)
}

async function load (calls, atOnce) {
  const kinds = [() => embed('a short text'), n => complete(1 + n % 8), () => classify('Ein kurzer Satz.'), () => embed(['one', 'two and three']),
    n => streamCompletion(1 + n % 4), n => chat(1 + n % 3)]
  let next = 0
  const worker = async () => {
    for (let n = next++; n < calls; n = next++) await kinds[n % kinds.length](n)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

async function broke () {
  const error = await embed('nothing left').then(() => assert.fail('expected 402'), e => e)
  assert.ok(error instanceof OpenAI.APIError && error.status === 402, String(error))
}

const [what, ...numbers] = process.argv.slice(2)
await { basics, load, broke }[what](...numbers.map(Number))
