sniroute: info: ready on 127.0.0.1:29170
sniroute: info: stopping: 8 connections have 2 s to finish
sniroute: info: conn=2 peer=127.0.0.1:60056 name=- route=- target=127.0.0.1:48329 hello=- rx=0 tx=4 ms=4104 end=drain
sniroute: info: conn=8 peer=127.0.0.1:60106 name=- route=- target=127.0.0.1:48329 hello=- rx=0 tx=4 ms=4102 end=drain
sniroute: info: conn=7 peer=127.0.0.1:60096 name=- route=- target=127.0.0.1:48329 hello=- rx=0 tx=4 ms=4102 end=drain
sniroute: info: conn=6 peer=127.0.0.1:60090 name=- route=- target=127.0.0.1:48329 hello=- rx=0 tx=4 ms=4102 end=drain
sniroute: info: conn=5 peer=127.0.0.1:60086 name=- route=- target=127.0.0.1:48329 hello=- rx=0 tx=4 ms=4102 end=drain
sniroute: info: conn=4 peer=127.0.0.1:60082 name=- route=- target=127.0.0.1:48329 hello=- rx=0 tx=4 ms=4102 end=drain
sniroute: info: conn=3 peer=127.0.0.1:60074 name=- route=- target=127.0.0.1:48329 hello=- rx=0 tx=4 ms=4102 end=drain
sniroute: info: conn=1 peer=127.0.0.1:60062 name=- route=- target=127.0.0.1:48329 hello=- rx=0 tx=4 ms=4103 end=drain
