import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type AssetId, type AssetTag, endpoints, TagName } from '@vedette/protocol';
import { type FormEvent, useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { useMay } from '../../api/use-may.ts';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { Failure } from '../../ui/Failure.tsx';

/** Tags of an asset with why each is there; those by hand can be put there and taken away. */
export function AssetTags({ assetId }: { assetId: AssetId }) {
  const may = useMay();
  const queries = useQueryClient();
  const answer = useApi(endpoints.listAssetTags, { params: { assetId } }, { enabled: may('tag:read') });
  const [name, setName] = useState('');
  const change = useMutation({
    mutationFn: (body: { add: string[]; remove: string[] }) => call(endpoints.tagAsset, { params: { assetId }, body }),
    onSuccess: async () => {
      setName('');
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listAssetTags) });
    },
  });
  if (!may('tag:read')) return null;
  const isName = TagName.safeParse(name).success;
  const add = (event: FormEvent): void => {
    event.preventDefault();
    if (isName) change.mutate({ add: [name], remove: [] });
  };
  const error = answer.error ?? change.error;
  return (
    <Container fitHeight header={<Header variant="h2">Tags</Header>}>
      {error ? <Failure error={error} retry={answer.refetch} /> : null}
      <ul className="plain">
        {answer.data?.items.map((tag) => (
          <li key={tag.name}>
            <AppLink to={paths.assets({ query: `tag:${tag.name}` })}>{tag.name}</AppLink> <Why tag={tag} />
            {tag.byHand && may('tag:write') ? (
              <>
                {' '}
                <Button
                  variant="inline-link"
                  ariaLabel={`Take ${tag.name} away`}
                  onClick={() => change.mutate({ add: [], remove: [tag.name] })}
                >
                  Take away
                </Button>
              </>
            ) : null}
          </li>
        ))}
        {answer.data?.items.length === 0 ? <li className="quiet">None fits, and none was put here by hand.</li> : null}
      </ul>
      {may('tag:write') ? (
        <form className="inline-form" onSubmit={add}>
          <FormField
            label="Put a tag on it"
            errorText={name !== '' && !isName ? 'Lower-case letters, digits and : . _ - only' : ''}
          >
            <Input value={name} placeholder="crown-jewel" onChange={({ detail }) => setName(detail.value.trim())} />
          </FormField>
          <Button formAction="submit" disabled={!isName} loading={change.isPending}>
            Add tag
          </Button>
        </form>
      ) : null}
    </Container>
  );
}

function Why({ tag: { fits, byHand, query } }: { tag: AssetTag }) {
  return (
    <span className="quiet">
      {fits && query !== null ? (
        <>
          fits <AppLink to={paths.assets({ query })}>{query}</AppLink>
        </>
      ) : null}
      {fits && byHand ? ', and ' : null}
      {byHand ? 'by hand' : null}
    </span>
  );
}
